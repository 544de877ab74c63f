// Runs inside the page; as text, because the checkout is type-checked without a browser's types.

/**
 * An expression that gives the contrast of each visible element with text of its own that `selector` finds, as
 * `[[text, ratio], …]`. Grounds are looked for upwards; a half-transparent one is mixed with what lies below.
 */
export function contrastsOf(selector: string): string {
  return `(() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const parse = (colour) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
      return { rgb: [r, g, b], a: a / 255 };
    };
    const over = (top, ground) => ({ rgb: top.rgb.map((v, i) => v * top.a + ground.rgb[i] * (1 - top.a)), a: 1 });
    const groundOf = (node) => {
      const own = parse(getComputedStyle(node).backgroundColor);
      if (own.a === 1) return own;
      const below = node.parentElement ? groundOf(node.parentElement) : parse('#fff');
      return own.a === 0 ? below : over(own, below);
    };
    const light = ({ rgb }) => {
      const [r, g, b] = rgb.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ownText = (node) => [...node.childNodes].some((c) => c.nodeType === 3 && c.data.trim() !== '');
    return [...document.querySelectorAll(${JSON.stringify(selector)})]
      .filter((node) => ownText(node) && node.checkVisibility() && node.getBoundingClientRect().width > 1)
      .map((node) => {
        const ground = groundOf(node);
        const [a, b] = [light(over(parse(getComputedStyle(node).color), ground)), light(ground)].sort((x, y) => y - x);
        return [node.tagName + ' ' + node.textContent.trim().slice(0, 40), (a + 0.05) / (b + 0.05)];
      });
  })()`;
}
