// Jest transformer: TypeScript to ESM by esbuild, one file at a time.
import { transformSync } from 'esbuild';

export default {
  process(source, path) {
    const out = transformSync(source, {
      loader: 'ts',
      format: 'esm',
      target: 'node20.15',
      sourcemap: 'inline',
      sourcefile: path,
    });
    return { code: out.code };
  },
};
