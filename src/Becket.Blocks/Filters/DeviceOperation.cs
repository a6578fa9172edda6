namespace Becket.Blocks.Filters;

/// <summary>The verbs of a device, as they are counted. The lower-case names are the values of the metric tag.</summary>
public enum DeviceOperation
{
    Read,
    Write,
    Zero,
    Trim,
    Flush,
    Prefetch,
    Extents,
}

/// <summary>What happened to one verb of a device since it was opened.</summary>
/// <param name="Operations">Requests that have ended, however they ended.</param>
/// <param name="Bytes">Bytes of the ranges of those that succeeded; zero for flush.</param>
/// <param name="Errors">Requests that failed. A cancelled one is counted as an operation, not as an error.</param>
/// <param name="Duration">
/// Time between asking and the answer, summed over requests. Reads that were answered on the spot add nothing.
/// </param>
public readonly record struct OperationTotals(long Operations, long Bytes, long Errors, TimeSpan Duration);
