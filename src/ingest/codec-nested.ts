import type { Codec, Reading } from './codec.ts';
import { REFUSED } from './codec.ts';
import type { JsonValue } from './codec-json.ts';
import { isObject, isWellFormed } from './codec-json.ts';
import type { RecordCodec } from './codec-record.ts';

export function listCodec(element: Codec, elementRequired: boolean): Codec {
  return (value, at) => {
    if (!Array.isArray(value)) return at.refuse('wrong_type', 'expected a list, a JSON array', value);
    let text = '';
    for (let index = 0; index < value.length; index += 1) {
      at.path.push(index);
      const item = encodeItem(element, elementRequired, value[index], at);
      if (item === REFUSED) return REFUSED;
      at.path.pop();
      text += index === 0 ? item : `,${item}`;
    }
    return `[${text}]`;
  };
}

/** A JSON object whose keys are the map's keys. */
export function mapCodec(value: Codec, valueRequired: boolean): Codec {
  return (object, at) => {
    if (!isObject(object)) return at.refuse('wrong_type', 'expected a map, a JSON object', object);
    let text = '';
    for (const name of Object.keys(object)) {
      at.path.push(name);
      if (!isWellFormed(name)) return at.refuse('bad_text', 'half of a surrogate pair is no character');
      const item = encodeItem(value, valueRequired, object[name], at);
      if (item === REFUSED) return REFUSED;
      at.path.pop();
      text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${item}`;
    }
    return `{${text}}`;
  };
}

export function structCodec(fields: RecordCodec): Codec {
  return (value, at) => {
    if (!isObject(value)) return at.refuse('wrong_type', 'expected a struct, a JSON object', value);
    const text = fields.encode(value, at);
    return text === REFUSED ? REFUSED : `{${text}}`;
  };
}

function encodeItem(codec: Codec, required: boolean, value: JsonValue | undefined, at: Reading): string {
  if (value !== null && value !== undefined) return codec(value, at);
  return required ? at.refuse('missing_column', 'a value is required, got null') : 'null';
}
