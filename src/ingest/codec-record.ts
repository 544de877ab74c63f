import type { PlanColumn } from '../definition/column.ts';
import type { PlanStream } from '../definition/plan.ts';
import type { Codec, Reading } from './codec.ts';
import { REFUSED } from './codec.ts';
import { isShallow, MAX_DEPTH } from './codec-json.ts';
import type { JsonObject } from './codec-json.ts';

interface Slot {
  name: string;
  required: boolean;
  /** `"name":`, with a comma before it where one is due. */
  label: string;
  codec: Codec;
  /** `toString` and the like are found on every object: such a name counts only when it is the object's own. */
  inherited: boolean;
}

/** The named fields of an object: the columns of a record, or the fields of a struct. */
export class RecordCodec {
  private readonly slots: Slot[];
  private readonly names: ReadonlySet<string>;
  private readonly extras: PlanStream['extras'];

  constructor(columns: PlanColumn[], codecs: Codec[], extras: PlanStream['extras']) {
    this.slots = columns.map(({ name, required }, index) => ({
      name,
      required,
      label: `${index === 0 ? '' : ','}${JSON.stringify(name)}:`,
      codec: codecs[index]!,
      inherited: name in Object.prototype,
    }));
    this.names = new Set(columns.map((column) => column.name));
    this.extras = extras;
  }

  /** The canonical text of all fields in order, without braces; absent ones as null. */
  encode(object: JsonObject, at: Reading): string {
    let text = '';
    let present = 0;
    for (const slot of this.slots) {
      const value = slot.inherited && !Object.hasOwn(object, slot.name) ? undefined : object[slot.name];
      if (value !== undefined) present += 1;
      if (value !== undefined && value !== null) {
        at.path.push(slot.name);
        const field = slot.codec(value, at);
        if (field === REFUSED) return REFUSED;
        at.path.pop();
        text += slot.label + field;
      } else if (slot.required) {
        at.path.push(slot.name);
        return at.refuse(
          'missing_column',
          value === null ? 'a value is required, got null' : 'a value is required',
        );
      } else {
        text += `${slot.label}null`;
      }
    }
    if (this.extras !== 'ignore') {
      const keys = Object.keys(object);
      if (keys.length !== present && !this.takeExtras(object, keys, at)) return REFUSED;
    }
    return text;
  }

  private takeExtras(object: JsonObject, keys: string[], at: Reading): boolean {
    for (const key of keys) {
      if (this.names.has(key)) continue;
      const value = object[key]!;
      if (!isShallow(value)) {
        at.path.push(key);
        at.refuse('too_deep', `nested more than ${MAX_DEPTH} levels`);
        return false;
      }
      if (this.extras === 'quarantine') {
        at.path.push(key);
        at.refuse('unexpected_field', 'no column has this name', value);
        return false;
      }
      at.keep(key, value);
    }
    return true;
  }
}
