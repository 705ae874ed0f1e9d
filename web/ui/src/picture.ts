// The graph as an image: drawn anew on a canvas, so that nothing of the page has to be loaded as a picture.
import type { Row } from "./data";
import { curve, heightOf, labelOf, linesOf, middleOf, nameAt, nameOf, weight, widthOf, type Graph } from "./graph";
import type { Placed, Point } from "./layout";

const [SCALE, MOST_PIXELS, EDGE] = [2, 8192, 12];

const colour = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const tones: Record<string, string> = { failing: "--bad", warning: "--warn" };
const tone = (item: Row, usual: string) => colour(tones[item.health] ?? usual);

function arrow(context: CanvasRenderingContext2D, points: Point[]): void {
  const [from, to] = [points[points.length - 2], points[points.length - 1]];
  if (!from || !to) return;
  context.save();
  context.translate(to.x, to.y);
  context.rotate(Math.atan2(to.y - from.y, to.x - from.x));
  context.fill(new Path2D("M-7,-3.5 L1,0 L-7,3.5 z"));
  context.restore();
}

function drawEdge(context: CanvasRenderingContext2D, edge: Row, points: Point[], label: string): void {
  context.globalAlpha = edge.idle ? 0.35 : 0.8;
  context.setLineDash(edge.idle ? [4, 4] : []);
  context.strokeStyle = context.fillStyle = tone(edge, "--c2");
  context.lineWidth = weight(edge);
  context.stroke(new Path2D(curve(points)));
  context.setLineDash([]);
  arrow(context, points);
  context.globalAlpha = 1;
  const { x, y } = middleOf(points);
  context.font = "11px system-ui, sans-serif";
  context.textAlign = "center";
  context.strokeStyle = colour("--ground");
  context.lineWidth = 4;
  context.strokeText(labelOf(label, edge), x, y - 5);
  context.fillStyle = tone(edge, "--faint");
  context.fillText(labelOf(label, edge), x, y - 5);
}

function drawNode(context: CanvasRenderingContext2D, node: Row, at: Point, down: boolean): void {
  const [width, height] = [widthOf(node, down), heightOf(node, down)];
  const [x, y] = [at.x - width / 2, at.y - height / 2];
  context.globalAlpha = node.idle ? 0.5 : 1;
  context.fillStyle = colour("--raised");
  context.fillRect(x, y, width, height);
  context.fillStyle = tone(node, "--c2");
  context.fillRect(x, y, 4, height);
  context.textAlign = "left";
  context.font = "13px system-ui, sans-serif";
  context.fillStyle = colour("--ink");
  context.fillText(nameOf(node, down), x + 13, y + nameAt(node, down));
  context.font = "11px system-ui, sans-serif";
  context.fillStyle = tone(node, "--faint");
  for (const [text, line] of linesOf(node, down)) context.fillText(text, x + 13, y + line);
  context.globalAlpha = 1;
}

/** Twice as large as it is, less where that would be more pixels than a browser takes. */
export function picture(graph: Graph, at: Placed, label: string): Promise<Blob | null> {
  const canvas = document.createElement("canvas");
  const [width, height] = [at.width + 2 * EDGE, at.height + 2 * EDGE];
  const scale = Math.min(SCALE, MOST_PIXELS / width, MOST_PIXELS / height);
  canvas.width = Math.ceil(width * scale);
  canvas.height = Math.ceil(height * scale);
  const context = canvas.getContext("2d")!;
  context.scale(scale, scale);
  context.fillStyle = colour("--ground");
  context.fillRect(0, 0, width, height);
  context.translate(EDGE, EDGE);
  graph.edges.forEach((edge, i) => drawEdge(context, edge, at.edges[i] ?? [], label));
  for (const node of graph.nodes) drawNode(context, node, at.nodes[node.id] ?? { x: 0, y: 0 }, at.down);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}
