import { KinesisFault } from './fault.ts';
import type { Input } from './input.ts';
import type { StreamMeta } from './metadata.ts';
import { nameInArn } from './names.ts';
import { streamName, type Operation } from './operation.ts';

const MAX_TAGS = 50;

const addTags: Operation = async ({ store }, input) => {
  const tags = readTags(input);
  await store.updateStream(streamName(input), (stream) => merge(stream, tags));
  return {};
};

const removeTags: Operation = async ({ store }, input) => {
  const keys = input.texts('TagKeys', 1, MAX_TAGS);
  await store.updateStream(streamName(input), (stream) => remove(stream, keys));
  return {};
};

const listTags: Operation = async ({ store }, input) => {
  const limit = input.optionalInteger('Limit', 1, MAX_TAGS) ?? MAX_TAGS;
  const after = input.optionalText('ExclusiveStartTagKey') ?? '';
  const { tags } = await store.describe(streamName(input));
  const rest = sorted(tags).filter((tag) => tag.Key > after);
  return { Tags: rest.slice(0, limit), HasMoreTags: rest.length > limit };
};

const tagResource: Operation = async ({ store }, input) => {
  const tags = readTags(input);
  await store.updateStream(resource(input), (stream) => merge(stream, tags));
  return {};
};

const untagResource: Operation = async ({ store }, input) => {
  const keys = input.texts('TagKeys', 1, MAX_TAGS);
  await store.updateStream(resource(input), (stream) => remove(stream, keys));
  return {};
};

const listResourceTags: Operation = async ({ store }, input) => {
  const { tags } = await store.describe(resource(input));
  return { Tags: sorted(tags) };
};

export const TAG_OPERATIONS: Record<string, Operation> = {
  AddTagsToStream: addTags,
  RemoveTagsFromStream: removeTags,
  ListTagsForStream: listTags,
  TagResource: tagResource,
  UntagResource: untagResource,
  ListTagsForResource: listResourceTags,
};

function readTags(input: Input): Record<string, string> {
  const tags = input.optionalTextMap('Tags');
  if (tags === undefined) throw input.broken('Tags', null, 'Member must not be null');
  return tags;
}

function merge(stream: StreamMeta, tags: Record<string, string>): void {
  const all = { ...stream.tags, ...tags };
  if (Object.keys(all).length > MAX_TAGS) {
    throw new KinesisFault('InvalidArgumentException', `A stream has at most ${MAX_TAGS} tags.`);
  }
  stream.tags = all;
}

function remove(stream: StreamMeta, keys: string[]): void {
  stream.tags = Object.fromEntries(Object.entries(stream.tags).filter(([key]) => !keys.includes(key)));
}

function sorted(tags: Record<string, string>): { Key: string; Value: string }[] {
  return Object.entries(tags)
    .map(([Key, Value]) => ({ Key, Value }))
    .sort((a, b) => (a.Key < b.Key ? -1 : 1));
}

function resource(input: Input): string {
  const arn = input.text('ResourceARN', { min: 1, max: 2048 });
  const name = nameInArn(arn);
  if (name === undefined)
    throw new KinesisFault('InvalidArgumentException', `${arn} is not the ARN of a stream.`);
  return name;
}
