namespace Becket.Tests.Program;

public class ByteCountTests
{
    [Theory]
    [InlineData(0, "0 bytes")]
    [InlineData(1023, "1023 bytes")]
    [InlineData(1024, "1.0 KiB")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(1024 * 1024 - 1, "1.0 MiB")]
    [InlineData(1L << 30, "1.0 GiB")]
    [InlineData(long.MaxValue, "8.0 EiB")]
    public void Bytes_are_written_for_people(long bytes, string text) => Assert.Equal(text, ByteCount.Format(bytes));
}
