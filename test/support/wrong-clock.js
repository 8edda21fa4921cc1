// `node --import` this: the process then has a clock that is wrong by WRONG_CLOCK_MS.
const offset = Number(process.env.WRONG_CLOCK_MS ?? 0);
const RealDate = Date;

globalThis.Date = class Date extends RealDate {
  constructor(...values) {
    if (values.length === 0) super(RealDate.now() + offset);
    else super(...values);
  }
  static now() {
    return RealDate.now() + offset;
  }
};
