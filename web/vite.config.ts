import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// A relative base lets the page live under any path prefix of a reverse proxy.
export default defineConfig({
  base: './',
  plugins: [react()],
  build: {
    outDir: process.env.EEX_WEB_OUT ?? 'dist',
    emptyOutDir: true,
    target: 'es2022',
    chunkSizeWarningLimit: 1800,
    rolldownOptions: {
      output: {
        codeSplitting: {
          // Changes less often than the page, so that browsers keep it.
          groups: [{ name: 'maplibre', test: /node_modules[\\/]maplibre-gl/ }],
        },
      },
    },
  },
  server: {
    proxy: { '/api': process.env.EEX_API ?? 'http://127.0.0.1:8000' },
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts', 'src/**/*.test.tsx'],
  },
});
