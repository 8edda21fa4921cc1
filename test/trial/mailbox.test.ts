import { afterEach, describe, expect, test } from '@jest/globals';
import { appendFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createTransport } from 'nodemailer';
import { type Mailbox, type MailboxSettings, startMailbox } from '../../src/trial/mailbox.ts';
import { PortInUseError } from '../../src/trial/local-server.ts';

describe('the mailbox', () => {
  const open: Mailbox[] = [];
  const start = async (settings: Partial<MailboxSettings> = {}): Promise<Mailbox> => {
    const mailbox = await startMailbox({ port: 0, ...settings });
    open.push(mailbox);
    return mailbox;
  };
  afterEach(async () => {
    await Promise.all(open.splice(0).map((mailbox) => mailbox.close()));
  });

  async function send(mailbox: Mailbox, to: string, subject: string, html?: string): Promise<void> {
    const transport = createTransport(mailbox.smtpUrl);
    const from = { name: '京都大学', address: 'nijo@idp.example' };
    await transport.sendMail({
      from,
      to,
      subject,
      text: `本文 ${subject}`,
      ...(html === undefined ? {} : { html }),
    });
    transport.close();
  }
  async function messages(mailbox: Mailbox, query = ''): Promise<Record<string, string>[]> {
    const answer = await fetch(`${mailbox.url}/messages.json${query}`);
    return (await answer.json()) as Record<string, string>[];
  }

  test('takes mails by SMTP and tells them, newest last', async () => {
    const mailbox = await start();
    expect(await messages(mailbox)).toEqual([]);
    await send(mailbox, 'a0000001@mail.example', '確認コード KQ7', '<p>京</p>');
    await send(mailbox, 'B@mail.example', 'second');
    const [first, second] = await messages(mailbox);
    expect(first).toMatchObject({
      to: 'a0000001@mail.example',
      subject: '確認コード KQ7',
      html: '<p>京</p>',
    });
    expect(first?.text?.trim()).toBe('本文 確認コード KQ7');
    expect(Date.parse(first?.at ?? '')).toBeGreaterThan(Date.now() - 60_000);
    expect(second).toMatchObject({ to: 'B@mail.example', subject: 'second', html: '' });
    expect((await messages(mailbox, '?to=b@mail.example')).map(({ subject }) => subject)).toEqual(['second']);
  });

  test('shows them newest first, as text, with the HTML part locked in a frame', async () => {
    const mailbox = await start({ appSecret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' });
    await send(mailbox, 'a@mail.example', 'older');
    await send(mailbox, 'a@mail.example', '<script>alert(1)</script>', '"><script>alert(2)</script>');
    const answer = await fetch(mailbox.url);
    const page = await answer.text();
    expect(page.indexOf('alert(1)')).toBeLessThan(page.indexOf('older'));
    expect(page).not.toContain('<script>alert');
    expect(page).toMatch(/<iframe\s+sandbox="[^"]*"/);
    expect(page).not.toMatch(/sandbox="[^"]*allow-(scripts|same-origin|forms)/);
    expect(page).toMatch(/data-app-code>\d{6}</);
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  test('keeps the mails over a restart, for its own user alone, also after a line cut off', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'nijo-mailbox-'));
    const file = path.join(folder, 'mails.jsonl');
    const before = await start({ file });
    await send(before, 'a@mail.example', 'kept');
    await before.close();
    open.pop();
    appendFileSync(file, '{"to":"cut');
    const after = await start({ file });
    await send(after, 'a@mail.example', 'new');
    expect((await messages(after)).map(({ subject }) => subject)).toEqual(['kept', 'new']);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    rmSync(folder, { recursive: true });
  });

  test('a port in use is told with what to do', async () => {
    const mailbox = await start();
    const port = Number(new URL(mailbox.url).port);
    const second = startMailbox({ port });
    await expect(second).rejects.toThrow(PortInUseError);
    await expect(second).rejects.toThrow(`Port ${port} is in use`);
    await expect(second).rejects.toThrow('PORT=4000 npm start');
  });
});
