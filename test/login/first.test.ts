import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { appCode, type Cluster, startCluster } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { UserAgent } from '../support/user-agent.ts';

describeOnEveryDatabase('a login', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, { nodes: 2 });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  test('R28: an app user gives password and code and arrives with acr and amr that tell so', async () => {
    const browser = new UserAgent(cluster);
    const page = await browser.password('app1');
    expect(page.page).toBe('app-code');
    browser.node = 1;
    const { callback } = await browser.submit(page, { code: appCode() });
    const { claims } = await browser.redeem(callback as URL);
    expect(claims).toMatchObject({ acr: 'https://refeds.org/profile/mfa', amr: ['pwd', 'otp', 'mfa'] });
  });

  test('R29: with mail as the only way the code comes unasked, and acr says mail', async () => {
    const browser = new UserAgent(cluster);
    const page = await browser.password('mail1');
    expect(page.page).toBe('mail-code');
    const { callback } = await browser.submit(page, { code: await cluster.mailedCode('mail1@mail.example') });
    const { claims } = await browser.redeem(callback as URL);
    expect(claims).toMatchObject({ acr: 'urn:nijo:acr:mail-otp', amr: ['pwd', 'mca'] });
  });
});
