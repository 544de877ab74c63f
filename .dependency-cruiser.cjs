/* Layers import one way. See DESIGN in docs/adr/0001-rooms.md. */
const room = (name, allowed) => ({
  name: `${name}-imports-one-way`,
  severity: 'error',
  from: { path: `^src/${name}/` },
  to: {
    path: '^(src|cli|console|examples|lambdas|lib|bin)/',
    pathNot: `^src/(${[name, ...allowed].join('|')})(/|\\.ts)`,
  },
});
/* A package belongs to the rooms that may use it. See docs/adr/0013-by-hand-and-pinned.md. */
const library = (name, path, rooms) => ({
  name: `${name}-stays-in-its-room`,
  severity: 'error',
  from: { path: '^(src|cli|lambdas|lib|bin)/', pathNot: `^(${rooms.join('|')})/` },
  to: { path: `(^|/)node_modules/${path}/` },
});
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'errors-import-nothing',
      severity: 'error',
      from: { path: '^src/errors\\.ts$' },
      to: { path: '.' },
    },
    room('ports', ['errors']),
    room('definition', ['errors', 'ports']),
    room('iceberg', ['errors', 'ports']),
    room('engine', ['errors', 'ports', 'definition', 'iceberg']),
    room('ingest', ['errors', 'ports', 'definition', 'iceberg', 'engine']),
    room('commit', ['errors', 'ports', 'definition', 'iceberg', 'engine']),
    room('integrate', ['errors', 'ports', 'definition', 'iceberg', 'engine', 'commit']),
    room('serve', ['errors', 'ports', 'definition', 'iceberg', 'engine', 'commit']),
    room('operate', [
      'errors',
      'ports',
      'definition',
      'iceberg',
      'engine',
      'ingest',
      'commit',
      'integrate',
      'serve',
    ]),
    room('adapters', ['errors', 'ports', 'iceberg']),
    room('producer', ['errors', 'ports', 'definition', 'ingest', 'iceberg', 'engine', 'adapters']),
    {
      name: 'src-knows-no-example',
      severity: 'error',
      from: { path: '^(src|lambdas|lib)/' },
      to: { path: '^(examples|cli|test)/' },
    },
    library('duckdb', '@duckdb', ['src/engine']),
    library('lmdb', 'lmdb', ['src/adapters/local']),
    library('aws-sdk', '@(aws-sdk|smithy)', ['src/local', 'src/adapters/aws', 'src/producer']),
    library('protobufjs', 'protobufjs', ['src/ingest']),
    library('lossless-json', 'lossless-json', ['src/engine', 'src/iceberg', 'src/ingest']),
    library('hono', '(hono|@hono)', ['src/local']),
    library('command-line', '(commander|esbuild)', ['cli', 'lib']),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: ['.ts', '.mjs', '.js'] },
  },
};
