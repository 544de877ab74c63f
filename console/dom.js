/**
 * Makes an element. Strings become text nodes, so data can never become markup.
 * @param {string} tag with optional classes: `p.big`
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 */
export function make(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split('.');
  const node = document.createElement(name);
  node.classList.add(...classes);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** Writes text only where it changed: an untouched node is not laid out again. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** @param {string} id */
export function byId(id) {
  return document.getElementById(id);
}

/** An element of SVG. */
export function svg(name, attributes = {}) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}
