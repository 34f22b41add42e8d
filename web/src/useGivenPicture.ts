/** Pictures dropped or pasted anywhere on the page. */
import { useEffect, useState } from 'react';
import { pictureIn } from './pictures';

function carriesFile(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes('Files') ?? false;
}

/** Call back with each given file; tells whether one is being dragged over the page. */
export function useGivenPicture(take: (file: File) => void): boolean {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    function over(event: DragEvent): void {
      if (carriesFile(event)) {
        event.preventDefault();
        setOver(true);
      }
    }
    function leave(event: DragEvent): void {
      if (event.relatedTarget === null) {
        setOver(false);
      }
    }
    function drop(event: DragEvent): void {
      const file = event.dataTransfer?.files[0];
      if (file) {
        event.preventDefault();
        take(file);
      }
      setOver(false);
    }
    function paste(event: ClipboardEvent): void {
      const file = pictureIn(event.clipboardData);
      if (file) {
        event.preventDefault();
        take(file);
      }
    }
    const listeners = { dragover: over, dragleave: leave, drop, paste } as const;
    for (const [name, listener] of Object.entries(listeners)) {
      document.addEventListener(name, listener as EventListener);
    }
    return () => {
      for (const [name, listener] of Object.entries(listeners)) {
        document.removeEventListener(name, listener as EventListener);
      }
    };
  }, [take]);
  return isOver;
}
