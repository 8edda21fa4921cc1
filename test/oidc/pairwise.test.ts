import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createSealer } from '../../src/base/sealing.ts';
import { loadPairwiseSubject } from '../../src/oidc/provider/pairwise.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';

const old = { id: 'old', secret: 'an-old-secret-of-more-than-32-characters' };
const fresh = { id: 'new', secret: 'a-new-secret-of-more-than-32-characters!' };

describeOnEveryDatabase('pairwise subjects', (open) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  test('R55: nodes that start at once agree, and a changed secret changes no subject', async () => {
    const before = createSealer([old]);
    const nodes = await Promise.all([1, 2, 3].map(() => loadPairwiseSubject(database.db, before)));
    const subjects = nodes.map((subjectOf) => subjectOf('account', 'service.example'));
    expect(new Set(subjects).size).toBe(1);
    const after = await loadPairwiseSubject(database.db, createSealer([fresh, old]));
    expect(after('account', 'service.example')).toBe(subjects[0]);
    expect(after('account', 'other.example')).not.toBe(subjects[0]);
    expect(after('another', 'service.example')).not.toBe(subjects[0]);
  });
});
