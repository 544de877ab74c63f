/* Layers import one way. See DESIGN in docs/adr/0001-rooms.md. */
const room = (name, allowed) => ({
  name: `${name}-imports-one-way`,
  severity: 'error',
  from: { path: `^src/${name}/` },
  to: { path: '^(src|cli|console|examples|lambdas|lib|bin)/', pathNot: `^src/(${[name, ...allowed].join('|')})(/|\\.ts)` },
});
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    room('ports', ['errors']),
    room('definition', ['errors', 'ports']),
    room('iceberg', ['errors', 'ports']),
    room('engine', ['errors', 'ports', 'definition', 'iceberg']),
    room('ingest', ['errors', 'ports', 'definition', 'iceberg', 'engine']),
    room('commit', ['errors', 'ports', 'definition', 'iceberg', 'engine']),
    room('integrate', ['errors', 'ports', 'definition', 'iceberg', 'engine', 'commit']),
    room('serve', ['errors', 'ports', 'definition', 'iceberg', 'engine', 'commit']),
    room('operate', ['errors', 'ports', 'definition', 'iceberg', 'engine', 'ingest', 'commit', 'integrate', 'serve']),
    room('adapters', ['errors', 'ports', 'iceberg']),
    {
      name: 'src-knows-no-example',
      severity: 'error',
      from: { path: '^(src|lambdas|lib)/' },
      to: { path: '^(examples|cli|test)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: ['.ts', '.mjs', '.js'] },
  },
};
