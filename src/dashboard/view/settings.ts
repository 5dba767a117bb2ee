/** What the server tells the page about itself. */
export interface DashboardSettings {
  /** Ratchet's version. */
  readonly version: string;
  /** Whether the API answers only who has a token. */
  readonly asksForToken: boolean;
  /** The claim with the role. */
  readonly roleClaim: string;
  /** The claim with the tenant. */
  readonly tenantClaim: string;
  /** Whether there is an editor for queries at /ruru. */
  readonly explore: boolean;
}

const DEFAULTS: DashboardSettings = {
  version: "",
  asksForToken: false,
  roleClaim: "ratchet_role",
  tenantClaim: "ratchet_tenant",
  explore: true,
};

function read(): DashboardSettings {
  const text = document.querySelector<HTMLMetaElement>('meta[name="ratchet-settings"]')?.content ?? "{}";
  return { ...DEFAULTS, ...(JSON.parse(text) as Partial<DashboardSettings>) };
}

/** Of this server; they stand in the page. */
export const settings: DashboardSettings = read();
