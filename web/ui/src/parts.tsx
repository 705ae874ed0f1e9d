// What several pages show.
import type { Asked } from "./data";

/** Why there is no newer answer, in the server's words. */
export function Trouble({ of }: { of: Asked }) {
  if (!of.problem) return null;
  return (
    <p class="banner" role="alert">
      {of.problem.title}: {of.problem.detail}
    </p>
  );
}
