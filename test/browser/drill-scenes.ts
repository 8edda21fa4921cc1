import { type Play, type Scene, signsIn } from './drill-cast.ts';
import type { Visitor } from './visitor.ts';

const card = 'in-person:university-card';

/** The one search: the exact ID, and its account. */
async function finds(play: Play, desk: Visitor, loginId: string): Promise<void> {
  await desk.open(`${play.university.issuer}/desk`);
  await play.reads(desk, 'desk-queue');
  await desk.page.locator('#login_id').fill(loginId);
  await desk.click('search');
  await play.reads(desk, 'desk-account');
}

async function opensCase(play: Play, desk: Visitor, reason: string): Promise<void> {
  await desk.choose('reason', reason);
  await desk.click('open');
  await play.reads(desk, 'desk-case');
}

async function opensFromQueue(play: Play, desk: Visitor, loginId: string): Promise<void> {
  await desk.open(`${play.university.issuer}/desk`);
  await play.reads(desk, 'desk-queue');
  await desk.clickOn(`tr:has-text("${loginId}") a`);
  await play.reads(desk, 'desk-case');
}

async function recordsCheck(play: Play, desk: Visitor): Promise<void> {
  await desk.choose('check', card);
  await desk.click('check');
  await play.reads(desk, 'desk-case');
}

/** Approves, and takes down the pass that is shown this once. */
async function approves(play: Play, desk: Visitor): Promise<string> {
  await desk.click('approve');
  await play.reads(desk, 'desk-pass');
  return (await desk.page.locator('[data-setup-pass]').textContent())?.replace(/\s+/g, ' ').trim() ?? '';
}

/** With the pass: a new mail address, and on to the service. */
async function setsUpAnew(play: Play, user: Visitor, pass: string, address: string): Promise<void> {
  await user.click('use-set-up-pass');
  await play.reads(user, 'set-up-pass');
  await play.picture('desk-drill-pass-typed', user);
  await user.page.locator('#setup_pass').fill(pass);
  await user.click('continue');
  await play.reads(user, 'set-up-mail');
  await user.page.locator('#email').fill(address);
  await user.click('continue');
  await play.reads(user, 'set-up-mail-code');
  await user.enterCode((await play.university.mail(address)).code);
  await play.reads(user, 'demo-signed-in');
}

/** One page for the desk's day in which everything goes as it should. */
const normalCase: Scene = {
  title: 'The normal case',
  async play(play) {
    const user = await play.user();
    await user.visit(play.university.important);
    await signsIn(user, 'a0000005');
    await play.reads(user, 'app-code');
    await user.click('lost-app');
    await play.reads(user, 'help-support');
    await user.choose('reason', 'lost-device');
    await user.choose('check', 'in-person');
    await play.picture('desk-drill-help', user);
    await user.click('file');
    await play.reads(user, 'help-case');
    await play.picture('desk-drill-number', user);

    const desk = await play.staff('desk0001');
    await play.picture('desk-drill-queue', desk);
    await opensFromQueue(play, desk, 'a0000005');
    await play.picture('desk-drill-case', desk);
    await recordsCheck(play, desk);
    const pass = await approves(play, desk);
    await play.picture('desk-drill-pass', desk, '.pass', 800);
    await setsUpAnew(play, user, pass, 'a0000005@mail.example');
    await desk.clickOn('a.primary');
    await play.reads(desk, 'desk-case');
  },
};

const twoApprovers: Scene = {
  title: 'Two approvers',
  async play(play) {
    const desk = await play.staff('desk0001');
    await finds(play, desk, 'oper0001');
    await opensCase(play, desk, 'lost-device');
    await recordsCheck(play, desk);
    await desk.click('approve');
    await play.reads(desk, 'desk-case');
    await play.picture('desk-drill-first-of-two', desk);
    const lead = await play.staff('lead0001');
    await opensFromQueue(play, lead, 'oper0001');
    await approves(play, lead);
  },
};

const lostPass: Scene = {
  title: 'A lost pass',
  async play(play) {
    const desk = await play.staff('desk0001');
    await finds(play, desk, 'a0000003');
    await opensCase(play, desk, 'lost-device');
    await recordsCheck(play, desk);
    await approves(play, desk);
    await desk.clickOn('a.primary');
    await play.reads(desk, 'desk-case');
    await desk.click('withdraw');
    await play.reads(desk, 'desk-case');
    await desk.clickOn('a[href^="/desk/accounts/"]');
    await play.reads(desk, 'desk-account');
    await opensCase(play, desk, 'lost-device');
    await recordsCheck(play, desk);
    await approves(play, desk);
  },
};

const refusal: Scene = {
  title: 'A refusal',
  async play(play) {
    const somebody = await play.user();
    await somebody.open(`${play.university.issuer}/help/support`);
    await play.reads(somebody, 'help-support-request');
    await somebody.page.locator('#login_id').fill('a0000002');
    await somebody.choose('reason', 'no-mail');
    await somebody.click('continue');
    await play.reads(somebody, 'help-case');

    const desk = await play.staff('desk0001');
    await opensFromQueue(play, desk, 'a0000002');
    await desk.page.locator('[data-refuse] summary').click();
    await desk.choose('reason', 'not-the-holder');
    await play.picture('desk-drill-refusal', desk, '.desk-acts');
    await desk.click('refuse');
    await play.reads(desk, 'desk-case');
  },
};

const notMe: Scene = {
  title: '“This was not me”',
  async play(play) {
    await play.university.cluster.mailsSettled();
    const { text } = await play.university.mailAbout('a0000002@mail.example', /./);
    const link = /https?:\/\/\S+\/not-me\S*/.exec(text)?.[0] ?? '';
    const holder = await play.user();
    await holder.open(link);
    await play.reads(holder, 'not-me');
    await holder.click('continue');
    await play.reads(holder, 'not-me-done');
    const desk = await play.staff('desk0001');
    await opensFromQueue(play, desk, 'a0000002');
    await play.picture('desk-drill-not-me', desk, '.desk-columns > :first-child');
  },
};

const breakGlass: Scene = {
  title: 'Out of hours',
  async play(play) {
    const lead = await play.staff('lead0001');
    await lead.open(`${play.university.issuer}/operator/calendar`);
    await play.reads(lead, 'operator-calendar');
    const today = new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Tokyo' }).format(new Date());
    for (const [field, value] of Object.entries({ day: today, name_en: 'Drill', name_ja: '訓練' }))
      await lead.page.locator(`#${field}`).fill(value);
    await lead.click('continue');
    await play.reads(lead, 'operator-calendar');
    await play.picture('desk-drill-closed-day', lead);

    const desk = await play.staff('desk0001');
    await finds(play, desk, 'kyoin001');
    await opensCase(play, desk, 'first-set-up');
    await recordsCheck(play, desk);
    await desk.tick('break_glass');
    await play.picture('desk-drill-break-glass', desk, '.desk-acts');
    await desk.click('approve');
    await play.reads(desk, 'desk-case');
    await opensFromQueue(play, lead, 'kyoin001');
    await lead.tick('break_glass');
    await approves(play, lead);
  },
};

const nextMorning: Scene = {
  title: 'The next morning',
  async play(play) {
    const lead = await play.staff('lead0001');
    await lead.open(`${play.university.issuer}/desk/closed`);
    await play.reads(lead, 'desk-closed');
    await lead.open(`${play.university.issuer}/desk/figures`);
    await play.reads(lead, 'desk-figures');
    await play.picture('desk-drill-figures', lead, 'main', 1150);
    await lead.open(`${play.university.issuer}/desk/trail`);
    await play.reads(lead, 'desk-trail');
    await play.picture('desk-drill-trail', lead, 'main', 900);
  },
};

/** The drill of docs/desk-drill.md, scene by scene. */
export const drillScenes: readonly Scene[] = [
  normalCase,
  twoApprovers,
  lostPass,
  refusal,
  notMe,
  breakGlass,
  nextMorning,
];
