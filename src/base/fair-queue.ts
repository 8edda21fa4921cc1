/** A queue in which each source has its turn, however many of its own one source has lined up. */
export interface FairQueue<Item> {
  /**
   * @returns what has to go for it: the newest of the source that has lined up most, where the queue is full. It is
   *   the item itself where its own source is that one.
   */
  push(source: string, item: Item): Item | undefined;
  shift(): Item | undefined;
  /** Takes out an item that waits no longer. */
  remove(source: string, item: Item): void;
  /** Whether an item of this source would have to go at once. */
  isFullFor(source: string): boolean;
  readonly length: number;
}

export function createFairQueue<Item>(most: number): FairQueue<Item> {
  // In the order of their turns: whoever was served goes to the end.
  const sources = new Map<string, Item[]>();
  let length = 0;

  function longest(): [string, Item[]] | undefined {
    let found: [string, Item[]] | undefined;
    for (const entry of sources) if (found === undefined || entry[1].length > found[1].length) found = entry;
    return found;
  }

  function isFullFor(source: string): boolean {
    if (length < most) return false;
    return (sources.get(source)?.length ?? 0) + 1 >= (longest()?.[1].length ?? 0);
  }

  function remove(source: string, item: Item): void {
    const items = sources.get(source);
    const at = items?.indexOf(item) ?? -1;
    if (items === undefined || at < 0) return;
    items.splice(at, 1);
    length -= 1;
    if (items.length === 0) sources.delete(source);
  }

  return {
    push(source, item) {
      if (isFullFor(source)) return item;
      const items = sources.get(source) ?? [];
      items.push(item);
      sources.set(source, items);
      length += 1;
      if (length <= most) return undefined;
      const [heaviest, lined] = longest() ?? [source, items];
      const last = lined.at(-1);
      if (last !== undefined) remove(heaviest, last);
      return last;
    },
    shift() {
      const [first] = sources;
      if (first === undefined) return undefined;
      const [source, items] = first;
      const item = items.shift();
      length -= 1;
      sources.delete(source);
      if (items.length > 0) sources.set(source, items);
      return item;
    },
    remove,
    isFullFor,
    get length() {
      return length;
    },
  };
}
