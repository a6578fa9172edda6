using Becket.Blocks;

namespace Becket.Sources;

/// <summary>
/// Recognises what a device holds by the magic numbers at its start: file systems, partition tables, image formats,
/// compression. Only names what it sees; a match is no promise that the rest is intact.
/// </summary>
internal static class ContentSignature
{
    /// <summary>Bytes to look at; covers the farthest signature, that of btrfs.</summary>
    public const int ProbeLength = 68 * 1024;

    private static readonly (int Offset, byte[] Magic, string Name)[] Known =
    [
        (32769, "CD001"u8.ToArray(), "ISO 9660 file system"),
        (1080, [0x53, 0xEF], "ext2/3/4 file system"),
        (0, "XFSB"u8.ToArray(), "XFS file system"),
        (0, "hsqs"u8.ToArray(), "squashfs file system"),
        (65600, "_BHRfS_M"u8.ToArray(), "btrfs file system"),
        (1024, [0xE2, 0xE1, 0xF5, 0xE0], "EROFS file system"),
        (3, "NTFS    "u8.ToArray(), "NTFS file system"),
        (82, "FAT32   "u8.ToArray(), "FAT file system"),
        (54, "FAT1"u8.ToArray(), "FAT file system"),
        (4086, "SWAPSPACE2"u8.ToArray(), "swap space"),
        (0, [(byte)'L', (byte)'U', (byte)'K', (byte)'S', 0xBA, 0xBE], "LUKS encrypted volume"),
        (536, "LVM2"u8.ToArray(), "LVM physical volume"),
        (512, "EFI PART"u8.ToArray(), "GPT partition table"),
        (0, [(byte)'Q', (byte)'F', (byte)'I', 0xFB], "qcow2 image"),
        (0, "KDMV"u8.ToArray(), "VMDK image"),
        (0, "vhdxfile"u8.ToArray(), "VHDX image"),
        (0, "conectix"u8.ToArray(), "VHD image"),
        (64, [0x7F, 0x10, 0xDA, 0xBE], "VDI image"),
        (0, [(byte)'E', (byte)'V', (byte)'F', 0x09, 0x0D, 0x0A, 0xFF, 0x00], "EWF forensic image"),
        (0, [0x1F, 0x8B], "gzip data"),
        (0, [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0x00], "xz data"),
        (0, [0x28, 0xB5, 0x2F, 0xFD], "zstd data"),
        (257, "ustar"u8.ToArray(), "tar archive"),
    ];

    /// <summary>Everything that is recognised (a hybrid ISO is two things); empty for unknown content.</summary>
    public static async ValueTask<IReadOnlyList<string>> RecogniseAsync(IBlockDevice device, CancellationToken cancellationToken)
    {
        var start = new byte[Math.Min(ProbeLength, device.Info.Size)];
        await device.ReadAsync(0, start, cancellationToken);
        return Recognise(start);
    }

    /// <summary>The same over the first bytes of a device.</summary>
    public static IReadOnlyList<string> Recognise(ReadOnlySpan<byte> start)
    {
        var found = new List<string>();
        foreach (var (offset, magic, name) in Known)
        {
            if (start.Length >= offset + magic.Length && start.Slice(offset, magic.Length).SequenceEqual(magic) && !found.Contains(name))
                found.Add(name);
        }

        if (HasMasterBootRecord(start)
            && !found.Contains("GPT partition table")
            && !found.Contains("FAT file system")
            && !found.Contains("NTFS file system"))
        {
            found.Add("MBR partition table");
        }
        return found;
    }

    /// <summary>
    /// The boot signature alone is no partition table (boot sectors have it too): one entry must have a type and a length.
    /// </summary>
    private static bool HasMasterBootRecord(ReadOnlySpan<byte> start)
    {
        const int firstEntry = 446, entryLength = 16, typeOffset = 4, sectorsOffset = 12;
        if (start.Length < 512 || start[510] != 0x55 || start[511] != 0xAA)
            return false;
        for (var entry = firstEntry; entry < 510; entry += entryLength)
        {
            if (start[entry + typeOffset] != 0 && start.Slice(entry + sectorsOffset, 4).IndexOfAnyExcept((byte)0) >= 0)
                return true;
        }

        return false;
    }
}
