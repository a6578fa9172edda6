using System.Globalization;
using System.Text;

namespace Becket.Blocks.Caching.Profiles;

/// <summary>
/// Which parts of a device its first user touched, in that order: what the next one will most likely want. Whole pieces, none of them
/// twice. Immutable.
/// </summary>
/// <remarks>
/// As text, one line a range:
/// <code>
/// becket-profile 1 SIZE
/// OFFSET LENGTH
/// </code>
/// </remarks>
internal sealed class BootProfile
{
    private const string Magic = "becket-profile 1";

    private BootProfile(long size, IReadOnlyList<long> pieces) => (Size, Pieces) = (size, pieces);

    /// <summary>The device's size in bytes; a profile of another size is of another device.</summary>
    public long Size { get; }

    /// <summary>Numbers of pieces, in the order in which they were touched.</summary>
    public IReadOnlyList<long> Pieces { get; }

    public static BootProfile Of(long size, IEnumerable<long> pieces) => new(size, [.. pieces.Distinct()]);

    /// <summary>Reads a profile; null where the text is none, or is one of another device.</summary>
    public static BootProfile? Parse(string text, long size)
    {
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (lines.Length == 0 || lines[0] != Header(size))
            return null;

        var pieces = new List<long>();
        foreach (var line in lines.AsSpan(1))
        {
            var words = line.Split(' ');
            if (words.Length != 2
                || !long.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
                || !long.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var length)
                || length == 0 || !new ByteRange(offset, length).FitsIn(size))
            {
                return null;
            }
            for (var piece = CacheGeometry.PieceOf(offset); piece <= CacheGeometry.PieceOf(offset + length - 1); piece++)
                pieces.Add(piece);
        }
        return Of(size, pieces);
    }

    public string ToText()
    {
        var text = new StringBuilder(Header(Size)).Append('\n');
        for (var first = 0; first < Pieces.Count;)
        {
            var next = first + 1;
            while (next < Pieces.Count && Pieces[next] == Pieces[next - 1] + 1)
                next++;
            var offset = Pieces[first] * CacheGeometry.Piece;
            var end = Math.Min((Pieces[next - 1] + 1) * CacheGeometry.Piece, Size);
            text.Append(CultureInfo.InvariantCulture, $"{offset} {end - offset}\n");
            first = next;
        }
        return text.ToString();
    }

    private static string Header(long size) => string.Create(CultureInfo.InvariantCulture, $"{Magic} {size}");
}
