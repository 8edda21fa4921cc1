import type { Page } from 'playwright-core';

/** Chromium's own virtual authenticator: a device with a fingerprint reader, and somebody at it. */
export interface VirtualAuthenticator {
  /** Whether whoever is at the device is recognised by it; where not, the browser gives up at once. */
  recognises(user: boolean): Promise<void>;
  /** How many passkeys it keeps. */
  passkeys(): Promise<number>;
}

/** Gives the browser of this page an authenticator, which stays until the page is closed. */
export async function addAuthenticator(page: Page): Promise<VirtualAuthenticator> {
  const session = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable');
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    recognises: async (isUserVerified) => {
      await session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
    },
    passkeys: async () =>
      (await session.send('WebAuthn.getCredentials', { authenticatorId })).credentials.length,
  };
}
