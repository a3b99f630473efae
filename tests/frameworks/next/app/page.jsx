import Article from "./article";
import story from "../story.json";

export default function Page() {
  return <Article story={story} />;
}
