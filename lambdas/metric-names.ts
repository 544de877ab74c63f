/** CloudWatch metrics of the functions: written by the handlers, read by alarms and the dashboard. */
export const METRICS_NAMESPACE = 'Tidemark';

/** Dimensions: the lakehouse (Powertools calls it the service), and the stream or table that a value is about. */
export const Dimension = { lakehouse: 'service', stream: 'Stream', table: 'Table' } as const;

export const MetricName = {
  /** By stream: records of claimed batches, and where they went. */
  received: 'RecordsReceived',
  written: 'RecordsWritten',
  filtered: 'RecordsFiltered',
  quarantined: 'RecordsQuarantined',
  /** By table: milliseconds from the arrival of a commit's oldest record to the commit. */
  freshness: 'Freshness',
  /** By table: commits made, swaps of the table's pointer that lost, and rounds that failed. */
  commits: 'Commits',
  conflicts: 'CommitConflicts',
  failed: 'CommitsFailed',
  /** By table: rows that a merge read and changed, and runs that failed. */
  rowsRead: 'RowsRead',
  rowsMerged: 'RowsMerged',
  mergeFailed: 'MergesFailed',
  /** By table: milliseconds since Silver or Gold was last up to its sources. */
  lag: 'IntegrationLag',
} as const;
