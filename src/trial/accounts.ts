import { Readable } from 'node:stream';
import { importAccounts } from '../accounts/import.ts';
import { createPasswordHasher } from '../accounts/password-hasher.ts';
import type { Sealer } from '../base/sealing.ts';
import type { Configuration } from '../config/schema.ts';
import type { Db } from '../db/open.ts';
import type { Role } from '../desk/actor.ts';

/** Password of every demo account. */
export const demoPassword = 'Nijo-trial-2026';

/** Secret of the demo accounts' authenticator app, in Base32. */
export const appSecret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';

/** Secret of an app on a lost phone: no page or mail of the trial shows its codes. */
const lostSecret = 'KRUGS4ZANFZSA3DPON2CA2LOEB2GQZJA';

interface DemoAccount {
  loginId: string;
  kind: 'ecs' | 'sps';
  nameEn: string;
  nameJa: string;
  affiliation: 'student' | 'faculty' | 'staff';
  factorEmail?: string;
  totpSecret?: string;
  role?: Role;
}

const student = { kind: 'sps', affiliation: 'student' } as const;
const member = { kind: 'ecs', affiliation: 'staff', totpSecret: appSecret } as const;

/** One account in every state. */
export const demoAccounts: readonly DemoAccount[] = [
  { ...student, loginId: 'a0000001', nameEn: 'Aoi Nishijin', nameJa: '西陣 葵' },
  {
    ...student,
    loginId: 'a0000002',
    nameEn: 'Sora Kamogawa',
    nameJa: '鴨川 空',
    factorEmail: 'a0000002@mail.example',
  },
  { ...student, loginId: 'a0000003', nameEn: 'Ren Yoshida', nameJa: '吉田 蓮', totpSecret: appSecret },
  {
    ...student,
    loginId: 'a0000004',
    nameEn: 'Yui Fushimi',
    nameJa: '伏見 結衣',
    factorEmail: 'a0000004@mail.example',
    totpSecret: appSecret,
  },
  // Has lost the only factor: a case for the desk.
  {
    ...student,
    loginId: 'a0000005',
    nameEn: 'Tsubasa Arashiyama',
    nameJa: '嵐山 翼',
    totpSecret: lostSecret,
  },
  { kind: 'ecs', affiliation: 'faculty', loginId: 'kyoin001', nameEn: 'Makoto Katsura', nameJa: '桂 真' },
  { ...member, loginId: 'desk0001', nameEn: 'Kaoru Demachi', nameJa: '出町 薫', role: 'desk' },
  { ...member, loginId: 'lead0001', nameEn: 'Tomoe Gosho', nameJa: '御所 巴', role: 'desk-lead' },
  { ...member, loginId: 'audi0001', nameEn: 'Shinobu Kitayama', nameJa: '北山 忍', role: 'auditor' },
  { ...member, loginId: 'oper0001', nameEn: 'Hikaru Uji', nameJa: '宇治 光', role: 'operator' },
];

const header = 'login_id,kind,name_en,name_ja,email,affiliation,password,factor_email,totp_secret';

function csvLine(account: DemoAccount): string {
  const { loginId, kind, nameEn, nameJa, affiliation, factorEmail = '', totpSecret = '' } = account;
  const email = `${loginId}@university.example`;
  return [loginId, kind, nameEn, nameJa, email, affiliation, demoPassword, factorEmail, totpSecret].join(',');
}

/**
 * Creates the missing demo accounts with the import that operators use. An existing account stays as
 * its user has left it.
 */
export async function makeDemoAccounts(db: Db, sealer: Sealer, config: Configuration): Promise<void> {
  const present = await db
    .selectFrom('accounts')
    .select('login_id')
    .where(
      'login_id',
      'in',
      demoAccounts.map(({ loginId }) => loginId),
    )
    .execute();
  const missing = demoAccounts.filter(({ loginId }) => !present.some((row) => row.login_id === loginId));
  if (missing.length === 0) return;
  const { bad } = await importAccounts({
    db,
    sealer,
    hasher: createPasswordHasher(config.passwords),
    source: Readable.from([`${[header, ...missing.map(csvLine)].join('\n')}\n`]),
    actor: 'system',
    canonicalAddress: (input) => ({ address: input }),
  });
  if (bad.length > 0)
    throw new Error(`a demo account is wrong: ${bad.flatMap(({ reasons }) => reasons).join('; ')}`);
  for (const { loginId, role } of missing) {
    if (role === undefined) continue;
    await db
      .updateTable('accounts')
      .set({ roles: [role] })
      .where('login_id', '=', loginId)
      .execute();
  }
}
