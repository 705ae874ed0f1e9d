// What several pages show.
import { useNoCommand, type Asked } from "./data";
import { link, type Param } from "./url";

/** Why there is no newer answer, in the server's words. */
export function Trouble({ of }: { of: Asked }) {
  useNoCommand(of.problem !== null && of.data === null);
  if (!of.problem) return null;
  return (
    <p class="banner" role="alert">
      {of.problem.title}: {of.problem.detail}
    </p>
  );
}

/** One of a few, as the address has it. */
export function Choice({ name, value, options }: { name: Param; value: string; options: [key: string, title: string][] }) {
  return (
    <nav aria-label={name}>
      {options.map(([key, title]) => (
        <a href={link(null, { [name]: key, ...(name === "view" && { sort: null }) })} aria-current={key === value ? "true" : undefined}>
          {title}
        </a>
      ))}
    </nav>
  );
}
