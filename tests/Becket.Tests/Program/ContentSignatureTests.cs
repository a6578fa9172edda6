using Becket.Sources;

namespace Becket.Tests.Program;

public class ContentSignatureTests
{
    private static byte[] With(params (int Offset, byte[] Bytes)[] parts)
    {
        var start = new byte[68 * 1024];
        foreach (var (offset, bytes) in parts)
            bytes.CopyTo(start, offset);
        return start;
    }

    [Fact]
    public void A_hybrid_iso_is_two_things() =>
        Assert.Equal(
            ["ISO 9660 file system", "MBR partition table"],
            ContentSignature.Recognise(With((32769, "CD001"u8.ToArray()), (446 + 4, [0x17]), (446 + 12, [1]), (510, [0x55, 0xAA]))));

    [Fact]
    public void A_boot_signature_without_an_entry_is_no_partition_table() =>
        Assert.Empty(ContentSignature.Recognise(With((510, [0x55, 0xAA]))));

    [Fact]
    public void The_protective_record_of_a_gpt_is_not_reported_twice() =>
        Assert.Equal(
            ["GPT partition table"],
            ContentSignature.Recognise(With((446 + 4, [0xEE]), (446 + 12, [1]), (510, [0x55, 0xAA]), (512, "EFI PART"u8.ToArray()))));

    [Fact]
    public void A_short_device_is_not_read_past_its_end() =>
        Assert.Equal(["gzip data"], ContentSignature.Recognise([0x1F, 0x8B]));
}
