declare module "react-dom/client" {
  import type { ReactNode } from "react";

  /** The only thing of it that is used here, which a package of types would be too much for. */
  export function createRoot(container: unknown): { render(node: ReactNode): void };
}
