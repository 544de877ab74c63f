import { describe, expect, test } from '@jest/globals';
import { compare, covers, staleExplanations, type Explanation } from './support/compare.ts';
import { holds, updated } from './support/dynamo-expression.ts';
import { textOf } from './support/template-values.ts';

const read = { action: 's3:GetObject', resource: 'arn:aws:s3:::lake/a/1.parquet' };
const mayRead = { action: 's3:GetObject', resource: 'arn:aws:s3:::lake/a/*' };
const mayAbort = { action: 's3:AbortMultipartUpload', resource: 'arn:aws:s3:::lake/a/*' };
const aborts: Explanation = {
  actions: ['s3:AbortMultipartUpload'],
  resource: /lake\/a\/\*$/,
  because: 'of failures',
};

describe('needs and grants', () => {
  test('that are alike leave nothing', () => {
    expect(compare([read], [mayRead], [])).toEqual({ missing: [], spare: [] });
  });

  test('a grant taken away is missing', () => {
    expect(compare([read], [], []).missing).toEqual(['s3:GetObject on arn:aws:s3:::lake/a/1.parquet']);
  });

  test('a grant of the action on another resource does not help, and is spare', () => {
    const elsewhere = { ...mayRead, resource: 'arn:aws:s3:::lake/b/*' };
    expect(compare([read], [elsewhere], [])).toEqual({
      missing: ['s3:GetObject on arn:aws:s3:::lake/a/1.parquet'],
      spare: ['s3:GetObject on arn:aws:s3:::lake/b/*'],
    });
  });

  test('a grant that nothing needs is spare unless it is explained', () => {
    const spare = ['s3:AbortMultipartUpload on arn:aws:s3:::lake/a/*'];
    expect(compare([read], [mayRead, mayAbort], []).spare).toEqual(spare);
    expect(compare([read], [mayRead, mayAbort], [aborts]).spare).toEqual([]);
    expect(compare([read], [mayRead, mayAbort], [{ ...aborts, resource: /lake\/b/ }]).spare).toEqual(spare);
  });

  test('an explanation of what is not granted, or is needed, is stale', () => {
    const stale = ['s3:AbortMultipartUpload: of failures'];
    const role = { needs: [read], grants: [mayRead], explanations: [aborts] };
    expect(staleExplanations([role], [aborts])).toEqual(stale);
    expect(staleExplanations([{ ...role, grants: [mayAbort] }], [aborts])).toEqual([]);
    const aborted = { ...mayAbort, resource: 'arn:aws:s3:::lake/a/x' };
    expect(staleExplanations([{ ...role, needs: [aborted], grants: [mayAbort] }], [aborts])).toEqual(stale);
  });
});

test.each([
  ['arn:aws:s3:::lake/*', 'arn:aws:s3:::lake/a/b', true],
  ['arn:aws:s3:::lake', 'arn:aws:s3:::lake/a', false],
  ['arn:aws:s3:::lake.a', 'arn:aws:s3:::lakeXa', false],
  ['arn:aws:s3:::lake/?', 'arn:aws:s3:::lake/ab', false],
  ['*', 'anything', true],
])('%s covers %s: %s', (pattern, text, expected) => {
  expect(covers(pattern, text)).toBe(expected);
});

test('values of a template become text', () => {
  const place = { account: '1', region: 'r' };
  const join = { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':', { 'Fn::GetAtt': ['Q', 'Arn'] }]] };
  expect(textOf(join, place)).toBe('arn:aws:<Q.Arn>');
  expect(textOf({ 'Fn::Sub': 'a-${AWS::AccountId}-${AWS::Region}' }, place)).toBe('a-1-r');
  expect(textOf({ 'Fn::ImportValue': 'x' }, place)).toBe('<x>');
  expect(() => textOf({ 'Fn::If': [] }, place)).toThrow('cannot read');
});

test('the double of DynamoDB keeps conditions and updates', () => {
  const item = { pk: { S: 'a' }, n: { N: '9' } };
  const given = { ExpressionAttributeValues: { ':n': { N: '10' }, ':one': { N: '1' } } };
  expect(holds('attribute_not_exists(pk) OR (pk = :n AND n < :n)', item, given)).toBe(false);
  expect(holds('attribute_not_exists(pk) OR n < :n', item, given)).toBe(true);
  expect(holds('attribute_not_exists(pk)', undefined, given)).toBe(true);
  expect(updated('SET n = if_not_exists(n, :n), m = :n ADD k :one', item, given)).toEqual({
    ...item,
    m: { N: '10' },
    k: { N: '1' },
  });
});
