import type { ErrorCode } from '../base/errors.ts';

/** A text, or two where the language's plural needs it: the number in the parameter `by` decides. */
export type Message = string | { readonly by: string; readonly one: string; readonly other: string };

/** Values for the `{names}` in a message. */
export type Params = Readonly<Record<string, string | number>>;

/** Every fault has its words: a code without them does not compile. */
export type ErrorMessages = Readonly<
  Record<`errors.${ErrorCode}.title` | `errors.${ErrorCode}.message`, Message>
>;
