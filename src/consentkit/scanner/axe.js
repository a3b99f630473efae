// Runs axe-core, which the page has by now, within an element. Takes the element's selector and axe-core's tags.
async ([within, tags]) => {
  const options = { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] };
  const { violations } = await axe.run(within, options);
  return violations.map(({ id, help, nodes }) => ({ id, help, at: nodes[0].target.flat().join(" ") }));
};
