/** Random draws that a seed repeats. */
export interface Random {
  /** At least 0, below 1. */
  next(): number;
  /** A whole number, both ends included. */
  int(lowest: number, highest: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** One of them; throws if there is none. */
  pick<Item>(items: readonly Item[]): Item;
  shuffled<Item>(items: readonly Item[]): Item[];
  /** Draws of its own, so that what one part draws does not depend on how often another one has drawn. */
  fork(): Random;
}

/** Mulberry32, which is in the public domain: 32 bits of state, even enough for a schedule of faults. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;

  function next(): number {
    state = (state + 1_831_565_813) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  function int(lowest: number, highest: number): number {
    return lowest + Math.floor(next() * (highest - lowest + 1));
  }

  function pick<Item>(items: readonly Item[]): Item {
    if (items.length === 0) {
      throw new Error("Nothing to pick from.");
    }
    return items[int(0, items.length - 1)] as Item;
  }

  return {
    next,
    int,
    pick,
    chance: (probability) => next() < probability,
    shuffled(items) {
      const drawn = [...items];
      for (let last = drawn.length - 1; last > 0; last--) {
        const other = int(0, last);
        [drawn[last], drawn[other]] = [drawn[other] as (typeof drawn)[number], drawn[last] as (typeof drawn)[number]];
      }
      return drawn;
    },
    fork: () => createRandom(int(0, 2 ** 32 - 1)),
  };
}

/** A pack of cards: each is drawn once before any is drawn again. */
export interface Deck<Card> {
  draw(): Card;
  /** For a card whose turn had no effect: it comes again soon. */
  putBack(card: Card): void;
}

/** Shuffles the cards anew whenever all are drawn. */
export function createDeck<Card>(cards: readonly Card[], random: Random): Deck<Card> {
  let pile: Card[] = [];
  return {
    draw() {
      if (pile.length === 0) {
        pile = random.shuffled(cards);
      }
      return pile.pop() as Card;
    },
    putBack(card) {
      pile.splice(random.int(0, Math.max(pile.length - 1, 0)), 0, card);
    },
  };
}
