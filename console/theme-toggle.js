const darkPreferred = matchMedia('(prefers-color-scheme: dark)');

function current() {
  return document.documentElement.dataset.theme ?? (darkPreferred.matches ? 'dark' : 'light');
}

/**
 * The button that turns dark into light and back; without a choice the system's preference holds.
 * @param {() => void} onChange
 */
export function setUpTheme(onChange) {
  const text = document.getElementById('theme-text');
  const announce = () => {
    text.textContent = `Use the ${current() === 'dark' ? 'light' : 'dark'} theme`;
    onChange();
  };
  document.getElementById('theme').addEventListener('click', () => {
    const next = current() === 'dark' ? 'light' : 'dark';
    document.documentElement.dataset.theme = next;
    window.localStorage.setItem('tidemark-theme', next);
    announce();
  });
  darkPreferred.addEventListener('change', announce);
  announce();
}
