import { addressCodePage, addressPage } from './address-pages.ts';
import { appBeginning, appPage, newPhoneBeginning, newPhonePage } from './app-pages.ts';
import { browsersPage } from './browsers-page.ts';
import { checkCodePage, checkPage } from './check-pages.ts';
import { frontPage } from './front-page.ts';
import { historyPage } from './history-page.ts';
import { passkeyCheckPage, passkeyPage } from './passkey-pages.ts';
import { recoveryCodesPage } from './recovery-page.ts';
import {
  removeAppPage,
  removeMailPage,
  removePasskeyPage,
  removeRecoveryCodesPage,
} from './removal-pages.ts';
import { renameAppPage, renamePasskeyPage } from './rename-pages.ts';
import { servicesPage } from './services-page.ts';
import { sessionsPage } from './sessions-page.ts';
import type { PortalPage } from './visit.ts';

/** Every page under `/account`. */
export const portalPages: readonly PortalPage[] = [
  frontPage,
  appBeginning,
  appPage,
  newPhoneBeginning,
  newPhonePage,
  addressPage,
  addressCodePage,
  checkPage,
  checkCodePage,
  removeAppPage,
  removePasskeyPage,
  removeMailPage,
  removeRecoveryCodesPage,
  renameAppPage,
  renamePasskeyPage,
  passkeyPage,
  passkeyCheckPage,
  recoveryCodesPage,
  sessionsPage,
  browsersPage,
  servicesPage,
  historyPage,
];
