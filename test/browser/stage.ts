import { afterAll, beforeAll } from '@jest/globals';
import { launchBrowser, type TestBrowser } from '../support/browser.ts';
import { createInspector } from './inspector.ts';
import { startUniversity, type University, type UniversitySettings } from './university.ts';
import { Visitor, type VisitorSettings } from './visitor.ts';

/** What a file of browser tests plays on: one university and one browser, for all of its tests. */
export interface Stage {
  readonly university: University;
  arrives(settings: VisitorSettings): Promise<Visitor>;
}

/** Sets the stage before the tests of the present `describe` and clears it after them. */
export function setStage(inspect?: 'faults', settings?: UniversitySettings): Stage {
  const inspector = createInspector(inspect);
  let university: University | undefined;
  let chromium: TestBrowser | undefined;
  beforeAll(async () => {
    [university, chromium] = await Promise.all([startUniversity(settings), launchBrowser()]);
  });
  afterAll(async () => {
    await chromium?.close();
    await university?.close();
  });
  const ready = <Part>(part: Part | undefined): Part => {
    if (part === undefined) throw new Error('the stage is not set yet');
    return part;
  };
  return {
    get university() {
      return ready(university);
    },
    arrives: (visitor) => Visitor.arrives(ready(chromium).browser, ready(university), inspector, visitor),
  };
}
