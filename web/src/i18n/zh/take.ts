/** Chinese: taking the answer away. */
export const take: Record<string, string> = {
  Export: '导出',
  'Export the answer': '导出结果',
  'Export the answer …': '导出结果…',
  'Take the answer away': '导出结果',
  '{count} best tiles of “{question}”.': '“{question}”的最佳图块，共 {count} 个。',
  Save: '保存',
  'Save as {form}': '保存为 {form}',
  'The best tiles as points: QGIS, geojson.io, web maps':
    '最佳图块的点位：适用于 QGIS、geojson.io、网络地图',
  'The best tiles as a table: Excel, pandas, R': '最佳图块的表格：适用于 Excel、pandas、R',
  'Placemarks and outlines: Google Earth, phones': '地标与轮廓：适用于 Google 地球、手机地图',
  'Table with outlines: GeoPandas, DuckDB, QGIS, BigQuery':
    '带轮廓的表格：适用于 GeoPandas、DuckDB、QGIS、BigQuery',
  'STAC items': 'STAC 条目',
  'Item collection for catalogues: pystac, QGIS, stac-browser':
    '供目录使用的条目集合：适用于 pystac、QGIS、stac-browser',
  'World map': '全球地图',
  'PNG with the score of every tile, for slides and papers':
    '含全部图块得分的 PNG，适用于幻灯片和论文',
  Pixels: '像素',
  'ZIP of GeoTIFFs of the best tiles: QGIS, rasterio, GDAL':
    '最佳图块的 GeoTIFF（ZIP）：适用于 QGIS、rasterio、GDAL',
  Everything: '全部',
  'ZIP of all files above with a README, for archives': '以上全部文件及说明（ZIP），适合归档',
  'This set has no pixels of its tiles.': '该数据集没有图块像素。',
  'Map as seen': '当前地图',
  'PNG of the map as it is on the screen, with title, scale and credit':
    '屏幕所见地图的 PNG，含标题、色标和署名',
  '{name} is saved.': '{name} 已保存。',
  'Cancelled.': '已取消。',
  '{what}: {bytes} of {total} MB': '{what}：{bytes} / {total} MB',
  '{what}: being made …': '{what}：正在生成…',
  'Progress of {what}': '{what} 的进度',
  'There is no answer to export.': '没有可导出的结果。',
  'Ask the same elsewhere': '在别处重现查询',
  'Copy link': '复制链接',
  'Copy as Python': '复制为 Python',
  'Copy as curl': '复制为 curl',
  'The link': '链接',
  '{what} is copied.': '{what} 已复制。',
  'The browser does not let the page copy: take it from the field.':
    '浏览器不允许页面复制，请从文本框中手动复制。',
  'Text to copy': '待复制的文本',
  'Open a recipe or project …': '打开查询配方或项目…',
  'Pictures do not fit into a link; code says where to put them. The recipe holds them.':
    '链接无法包含图片；代码中会注明图片的位置。查询配方包含图片。',
  'The link would have over {count} characters, which many programs cut: save the recipe.':
    '链接将超过 {count} 个字符，许多程序会将其截断：请保存查询配方。',
  'Labels are not in the link: save the project.': '链接不包含标注：请保存项目。',
  'There is no map to draw.': '没有可绘制的地图。',
  'Base map: NASA Blue Marble, Natural Earth.': '底图：NASA Blue Marble、Natural Earth。',
  'Made with Earth Embedding Explorer.': '由 Earth Embedding Explorer 制作。',
  'The browser could not make the picture.': '浏览器无法生成图片。',
};
