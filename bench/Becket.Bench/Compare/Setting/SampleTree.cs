using System.Globalization;
using System.Security.Cryptography;

namespace Becket.Bench.Compare.Setting;

/// <summary>
/// A folder such as a distribution has: 22,626 small files in nested folders, and among them 100 larger ones that races
/// read. The same seed makes the same names and bytes.
/// </summary>
internal sealed record SampleTree(string Folder, int Entries, IReadOnlyList<string> Larger, string LargerSha256)
{
    private const int SmallFiles = 22_626;
    private const int LargerFiles = 100;
    private const int FilesPerFolder = 12;
    private const int Smallest = 100;
    private const int SmallSpread = 80;
    private const int LargerSmallest = 50_000;
    private const int LargerLargest = 450_000;

    private static readonly string[] Words =
        "the a of loop rope bucket block device range object serve mount read write 0 1 42 4096 = ; { } ( ) / # \n\t".Split(' ');

    public static async Task<SampleTree> CreateAsync(string folder, int seed, CancellationToken cancellationToken)
    {
        var random = new Random(seed);
        var larger = new List<string>();
        using var sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var folders = new HashSet<string>(StringComparer.Ordinal);

        for (var number = 0; number < SmallFiles; number++)
        {
            var place = FolderOf(number / FilesPerFolder);
            if (folders.Add(place))
                Directory.CreateDirectory(Path.Combine(folder, place));

            // Many small, few large: the logarithm of the size is even.
            var size = (int)(Smallest * Math.Pow(SmallSpread, random.NextDouble()));
            await File.WriteAllBytesAsync(Path.Combine(folder, place, Name("file", number)), Text(random, size), cancellationToken);

            if (number % (SmallFiles / LargerFiles) == 0 && larger.Count < LargerFiles)
            {
                var name = Path.Combine(place, Name("library", number));
                var content = Text(random, random.Next(LargerSmallest, LargerLargest));
                await File.WriteAllBytesAsync(Path.Combine(folder, name), content, cancellationToken);
                sum.AppendData(content);
                larger.Add(name);
            }
        }

        var entries = Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories).Count() + 1;
        return new SampleTree(folder, entries, larger, Convert.ToHexStringLower(sum.GetHashAndReset()));
    }

    private static string FolderOf(int number) =>
        string.Create(CultureInfo.InvariantCulture, $"part{number % 16:00}/group{number / 16 % 11:00}/set{number / 176:00}");

    private static string Name(string kind, int number) => string.Create(CultureInfo.InvariantCulture, $"{kind}-{number:00000}.txt");

    /// <summary>Words, so that it compresses as text does.</summary>
    private static byte[] Text(Random random, int size)
    {
        var text = new byte[size];
        for (var position = 0; position < size;)
        {
            var word = random.Next(8) == 0
                ? random.NextInt64().ToString("x", CultureInfo.InvariantCulture)
                : Words[random.Next(Words.Length)];
            foreach (var character in word + " ")
            {
                if (position < size)
                    text[position++] = (byte)character;
            }
        }
        return text;
    }
}
