import { setTimeout } from "node:timers/promises";
import type { Browser } from "playwright-core";

/** A page and the element without which it says nothing. */
export interface MeasuredPage {
  readonly title: string;
  readonly path: string;
  /** A selector of CSS. */
  readonly useful: string;
}

/** What opening a page took. */
export interface Paint {
  /** From the beginning of the navigation until the frame after the element was there was painted. */
  readonly ms: number;
  /** What was received until then, zipped as it came, over HTTP and the websocket. */
  readonly bytes: number;
}

const LONGEST_MS = 30_000;

/** Opens a page in a window with an empty cache. */
export async function measurePaint(browser: Browser, origin: string, page: MeasuredPage): Promise<Paint> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  try {
    const window = await context.newPage();
    let bytes = 0;
    const session = await context.newCDPSession(window);
    session.on("Network.loadingFinished", ({ encodedDataLength }) => {
      bytes += encodedDataLength;
    });
    session.on("Network.webSocketFrameReceived", ({ response }) => {
      bytes += Buffer.byteLength(response.payloadData);
    });
    await session.send("Network.enable");
    const useful = Promise.withResolvers<number>();
    await window.exposeFunction("tellUseful", useful.resolve);
    // As text: what stands here is run by the browser, before any script of the page.
    await window.addInitScript(`(() => {
      const look = () => {
        if (document.querySelector(${JSON.stringify(page.useful)}) === null) {
          return requestAnimationFrame(look);
        }
        const channel = new MessageChannel();
        channel.port1.onmessage = () => { window.tellUseful(performance.now()); };
        requestAnimationFrame(() => channel.port2.postMessage(null));
      };
      look();
    })()`);
    await window.goto(`${origin}${page.path}`);
    const ms = await Promise.race([useful.promise, tooLate(page)]);
    return { ms, bytes };
  } finally {
    await context.close();
  }
}

async function tooLate({ title }: MeasuredPage): Promise<never> {
  await setTimeout(LONGEST_MS, undefined, { ref: false });
  throw new Error(`Nothing useful was painted in ${LONGEST_MS / 1000} s: ${title}.`);
}
