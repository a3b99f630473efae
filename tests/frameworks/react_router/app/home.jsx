import { useState } from "react";
import { useLoaderData } from "react-router";
import story from "../story.json";

export const loader = () => ({ story });
export const meta = () => [{ title: "Rain again" }];

export default function Home() {
  const { story } = useLoaderData();
  const [count, setCount] = useState(0);
  return (
    <article>
      <h1>{story.title}</h1>
      <img src={story.avatar} alt={story.author} width="64" height="64" />
      <div dangerouslySetInnerHTML={{ __html: story.body }} />
      <button id="count" onClick={() => setCount(count + 1)}>{count}</button>
    </article>
  );
}
