// A classic script, run before the first paint: the chosen theme must not flash in late.
{
  const stored = window.localStorage.getItem('tidemark-theme');
  if (stored === 'dark' || stored === 'light') document.documentElement.dataset.theme = stored;
}
