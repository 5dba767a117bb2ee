import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { useToken } from "./api/hooks.ts";
import { bearerOf, keepToken, mayAdd, maySeeWorkers } from "./api/token.ts";
import { AddJobPage } from "./pages/addJobPage.tsx";
import { JobPage } from "./pages/jobPage.tsx";
import { JobsPage } from "./pages/jobsPage.tsx";
import { OverviewPage } from "./pages/overviewPage.tsx";
import { TokenPage } from "./pages/tokenPage.tsx";
import { WorkersPage } from "./pages/workersPage.tsx";
import { ConnectionNotice } from "./parts/connectionNotice.tsx";
import { JobSearch } from "./parts/jobSearch.tsx";
import { Empty } from "./parts/notices.tsx";
import { ShortcutHelp } from "./parts/shortcutHelp.tsx";
import { ThemeChoice } from "./parts/themeChoice.tsx";
import { Link } from "./view/link.tsx";
import { useAddress } from "./view/location.ts";
import { settings } from "./view/settings.ts";
import { useShortcuts } from "./view/shortcuts.ts";

/** The largest number of a job that Postgres has. */
const MOST_BIGINT = 2n ** 63n - 1n;

interface Page {
  readonly path: string;
  readonly name: string;
  /** The letter that goes there after `g`. */
  readonly letter: string;
  readonly isOpen: () => boolean;
}

const PAGES: readonly Page[] = [
  { path: "/", name: "Overview", letter: "o", isOpen: () => true },
  { path: "/jobs", name: "Jobs", letter: "j", isOpen: () => true },
  { path: "/workers", name: "Workers", letter: "w", isOpen: maySeeWorkers },
  { path: "/add", name: "Add a job", letter: "a", isOpen: mayAdd },
];

/** The dashboard: its frame, and the page that the address names. */
export function App(): JSX.Element {
  const address = useAddress();
  const token = useToken();
  const isAsked = settings.asksForToken && token === null;
  const [isHelpOpen, setHelpOpen] = useState(false);
  useShortcuts({
    pages: PAGES.filter(({ isOpen }) => !isAsked && isOpen()),
    onHelp: () => {
      setHelpOpen(true);
    },
  });
  return (
    <>
      <a class="skip" href="#content">
        To the content
      </a>
      <header>
        <Link to="/" class="brand">
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="M2 14V8l4 3V6l4 3V3l4 4v7z" />
          </svg>
          Ratchet
        </Link>
        {!isAsked && <Navigation path={address.pathname} />}
        <span class="spacer" />
        {!isAsked && <JobSearch />}
        {token !== null && <Who token={token} />}
        <ThemeChoice />
      </header>
      {!isAsked && <ConnectionNotice />}
      <Content path={address.pathname} isAsked={isAsked} token={token} />
      {isHelpOpen && (
        <ShortcutHelp
          pages={PAGES}
          onClose={() => {
            setHelpOpen(false);
          }}
        />
      )}
      <footer>
        Ratchet {settings.version}
        {" · "}
        <button
          type="button"
          class="link"
          onClick={() => {
            setHelpOpen(true);
          }}
        >
          Keys
        </button>
        {settings.explore && (
          <>
            {" · "}
            <a href="/ruru">GraphQL editor</a>
          </>
        )}
      </footer>
    </>
  );
}

function Navigation({ path }: { readonly path: string }): JSX.Element {
  return (
    <nav aria-label="Pages">
      {PAGES.filter(({ isOpen }) => isOpen()).map((page) => {
        const isHere = path === page.path || (page.path !== "/" && path.startsWith(`${page.path}/`));
        return (
          <Link key={page.path} to={page.path} aria-current={isHere ? "page" : undefined}>
            {page.name}
          </Link>
        );
      })}
    </nav>
  );
}

function Content({
  path,
  isAsked,
  token,
}: {
  readonly path: string;
  readonly isAsked: boolean;
  readonly token: string | null;
}): JSX.Element {
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  // Whoever hears the page is told that another one is there.
  useLayoutEffect(() => {
    document.title = titleOf(path);
    if (isFirst.current) {
      isFirst.current = false;
    } else {
      main.current?.focus();
    }
  }, [path, isAsked]);
  return (
    <main id="content" tabIndex={-1} ref={main} key={token ?? ""}>
      {isAsked ? <TokenPage /> : <Shown path={path} />}
    </main>
  );
}

function Shown({ path }: { readonly path: string }): JSX.Element {
  const digits = /^\/jobs\/(?<id>\d+)$/v.exec(path)?.groups?.["id"];
  if (digits !== undefined) {
    const id = BigInt(digits).toString();
    return BigInt(digits) > MOST_BIGINT ? (
      <Empty title={`There is no job ${id}.`} isWholePage />
    ) : (
      <JobPage key={id} id={id} />
    );
  }
  switch (path) {
    case "/":
      return <OverviewPage />;
    case "/jobs":
      return <JobsPage />;
    case "/workers":
      return <WorkersPage />;
    case "/add":
      return <AddJobPage />;
    default:
      return (
        <Empty title="There is no such page." isWholePage>
          <Link to="/">To the overview</Link>
        </Empty>
      );
  }
}

function titleOf(path: string): string {
  const job = /^\/jobs\/(?<id>\d+)$/v.exec(path)?.groups?.["id"];
  const name = job === undefined ? PAGES.find((page) => page.path === path)?.name : `Job ${job}`;
  return `${name ?? "No such page"} · Ratchet`;
}

function Who({ token }: { readonly token: string }): JSX.Element {
  const bearer = bearerOf(token);
  return (
    <span>
      {bearer?.subject ?? "token"}
      {bearer?.role !== null && ` · ${bearer?.role ?? ""}`}
      {` · ${bearer?.tenant ?? "all tenants"}`}
      <button
        type="button"
        class="small"
        onClick={() => {
          keepToken(null);
        }}
      >
        Forget token
      </button>
    </span>
  );
}
