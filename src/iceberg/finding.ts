/** A rule of the specification that a table breaks. */
export interface Finding {
  rule: string;
  message: string;
}

/** Records a finding when the rule does not hold. */
export type Expect = (holds: boolean, rule: string, message: string) => void;
