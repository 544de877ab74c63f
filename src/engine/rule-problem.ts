/** What is wrong with one expression; the compiler adds where in the definition it stands. */
export class RuleProblem extends Error {
  override readonly name = 'RuleProblem';
  readonly remedy: string;
  /** Place in the expression's text, from 0. */
  readonly place: number | undefined;

  constructor(message: string, remedy: string, place?: number) {
    super(message);
    this.remedy = remedy;
    this.place = place;
  }
}
