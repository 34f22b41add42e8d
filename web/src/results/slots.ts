/**
 * Turns for pictures: a few are fetched at a time, what is on screen before what is near it, in the
 * order of asking. Browsers open six connections to a server; two stay free for questions, so that
 * slow pictures hold up no answer.
 */

export const AT_ONCE = 4;

export interface Wish {
  /** Begin; called once it is this one's turn. */
  start: () => void;
  /** Whether a person sees where it goes. */
  isSeen: () => boolean;
}

export class Slots {
  private readonly most: number;
  private readonly running = new Set<Wish>();
  private waiting: Wish[] = [];
  private isDue = false;

  constructor(most: number) {
    this.most = most;
  }

  /** Wait for a turn. Call what is returned when done, or when it is wanted no longer. */
  take(wish: Wish): () => void {
    this.waiting.push(wish);
    this.soon();
    return () => {
      this.running.delete(wish);
      this.waiting = this.waiting.filter((other) => other !== wish);
      this.soon();
    };
  }

  /** All that ask in one go are looked at together, so that the order is not that of mounting. */
  private soon(): void {
    if (!this.isDue) {
      this.isDue = true;
      queueMicrotask(() => {
        this.isDue = false;
        this.pump();
      });
    }
  }

  private pump(): void {
    while (this.running.size < this.most && this.waiting.length > 0) {
      const at = Math.max(
        0,
        this.waiting.findIndex((wish) => wish.isSeen()),
      );
      const [wish] = this.waiting.splice(at, 1);
      this.running.add(wish!);
      wish!.start();
    }
  }
}

/** Turns of all tile pictures of the page. */
export const pictureSlots = new Slots(AT_ONCE);
