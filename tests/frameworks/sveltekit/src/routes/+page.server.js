import story from "../../story.json";

export const prerender = true;
export const load = () => ({ story });
