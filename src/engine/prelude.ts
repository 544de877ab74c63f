export const PRELUDE_SCHEMA = 'athena';
export interface Macro { name: string; sql: string; why: string }
export const PRELUDE: Macro[] = [];
