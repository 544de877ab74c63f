/** Points kept: a minute at two a second. */
const LENGTH = 120;

/**
 * A line of the last minute in an SVG of 119 × 40 units.
 * @param {SVGElement} root with a path `.area` and a path `.line`
 */
export function spark(root) {
  const values = [];
  const area = root.querySelector('.area');
  const line = root.querySelector('.line');
  return {
    /** @param {number} value */
    add(value) {
      values.push(value);
      if (values.length > LENGTH) values.shift();
      if (values.length < 2) return;
      const top = Math.max(...values) * 1.1 || 1;
      const first = LENGTH - values.length;
      const path = values.map((v, i) => `${first + i} ${(39 - (v / top) * 37).toFixed(2)}`).join('L');
      line.setAttribute('d', `M${path}`);
      area.setAttribute('d', `M${first} 40L${path}L${LENGTH - 1} 40Z`);
    },
  };
}
