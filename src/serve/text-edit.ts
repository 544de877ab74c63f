/** Replaces the text between `start` and `end`. */
export interface Edit {
  start: number;
  end: number;
  text: string;
}

/** A text changed in places, that still knows where each place was. */
export interface EditedText {
  text: string;
  /** The place in the original text; the nearest one for text that was put in. */
  original(at: number): number;
}

/** Applies edits that do not overlap. */
export function applyEdits(text: string, edits: readonly Edit[]): EditedText {
  const sorted = [...edits].sort((a, b) => a.start - b.start);
  const parts: string[] = [];
  const shifts: { from: number; length: number; start: number; end: number }[] = [];
  let at = 0;
  let written = 0;
  const push = (part: string): void => {
    parts.push(part);
    written += part.length;
  };
  for (const edit of sorted) {
    push(text.slice(at, edit.start));
    shifts.push({ from: written, length: edit.text.length, start: edit.start, end: edit.end });
    push(edit.text);
    at = edit.end;
  }
  push(text.slice(at));
  const original = (place: number): number => {
    const shift = shifts.findLast((s) => s.from <= place);
    if (!shift) return place;
    const behind = place - shift.from - shift.length;
    return behind < 0 ? shift.start : shift.end + behind;
  };
  return { text: parts.join(''), original };
}
