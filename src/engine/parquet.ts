/** Parquet files as Iceberg wants them: writing with field ids and statistics, reading by field id. */
export { writePositionDeletes } from './parquet-deletes.ts';
export type { PositionDeletes, PositionDeletesWrite } from './parquet-deletes.ts';
export {
  FILE_COLUMN,
  POS_COLUMN,
  readDeletesSql,
  readParquetSql,
  readWithDeletesSql,
} from './parquet-read.ts';
export type { FileWithDeletes, ParquetRead } from './parquet-read.ts';
export { FULL_BOUNDS, writeParquet } from './parquet-write.ts';
export type { ParquetWrite, SqlSession } from './parquet-write.ts';
