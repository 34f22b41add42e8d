/** Chinese: taking the answer away. */
export const take: Record<string, string> = {
  Export: '导出',
  'Export the answer': '导出结果',
  'The best tiles on a map: QGIS, geojson.io, web maps':
    '最佳图块（地图）：QGIS、geojson.io、网络地图',
  'The best tiles as a table: Excel, pandas, R': '最佳图块（表格）：Excel、pandas、R',
};
