import { createAddressChanges } from './addresses.ts';
import { createAppChanges } from './apps.ts';
import type { FactorChanges } from './changer.ts';
import { createChecks } from './checks.ts';
import type { ChangeDependencies } from './frame.ts';
import { createMailing } from './mailing.ts';
import { createRemovals } from './removals.ts';

export function createFactorChanges(dependencies: ChangeDependencies): FactorChanges {
  const mailing = createMailing(dependencies);
  return {
    ...createAppChanges(dependencies),
    ...createAddressChanges(dependencies, mailing),
    ...createRemovals(dependencies),
    ...createChecks(dependencies, mailing),
  };
}
