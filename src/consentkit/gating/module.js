// Stands in for a vendor's module that is held back: it may be called, made new, read and set, and does nothing.
const stub = new Proxy(function () {}, {
  apply: () => stub,
  construct: () => stub,
  set: () => true,
  get: (own, key) => {
    if (key === Symbol.toPrimitive) return () => "";
    return typeof key === "symbol" || key === "then" || key === "prototype" ? own[key] : stub;
  },
});
export default stub;
