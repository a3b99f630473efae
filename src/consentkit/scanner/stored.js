// Lists what the page's own origin keeps in the browser, cookies apart: kind → names and values.
async () => {
  const area = (name) => { try { return Object.entries(window[name]); } catch { return []; } };
  const databases = await indexedDB.databases().catch(() => []);
  const names = databases.map((one) => [one.name, ""]);
  const [local, session] = [area("localStorage"), area("sessionStorage")];
  return { "local storage": local, "session storage": session, database: names };
};
