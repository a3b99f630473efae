import { useState } from "preact/hooks";

export default function Article({ story }) {
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
