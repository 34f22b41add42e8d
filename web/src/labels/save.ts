/** Saving a project from a button: what goes wrong is told where answers are. */
import { toProblem } from '../api';
import { setState } from '../state';
import { saveProject } from './files';

async function save(): Promise<void> {
  try {
    await saveProject();
  } catch (error) {
    setState({ problem: toProblem(error) });
  }
}

/** Save what there is. */
export function saveNow(): void {
  void save();
}
