/** Choosing a file to open: a project, labels, a recipe. */
import { chooseFile } from '../download';
import { openFile } from './files';

const ACCEPTED = '.json,.geojson,.csv,application/json';

/** `chosen` is called when a file was chosen, before it is read. */
export function chooseAndOpen(chosen: () => void = () => undefined): void {
  chooseFile(ACCEPTED, (file) => {
    chosen();
    void openFile(file);
  });
}
